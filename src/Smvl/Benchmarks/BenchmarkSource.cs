namespace Smvl.Benchmarks;

/// <summary>The model that works run on: a spliced folder, or a text model's .gguf file with its mmproj or without.</summary>
/// <param name="Path">the folder or the text model's file</param>
/// <param name="Projector">the mmproj file; null for a folder, or where there is none</param>
public sealed record BenchmarkSource(string Path, string? Projector = null)
{
    public bool IsGguf => Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
}
