using System.Text.Json;

namespace Smvl.Tests.Inference;

/// <summary>A case of fixtures/generate: its prompt text is a system message, pictures and a question, with the assistant's turn open.</summary>
/// <param name="System">the system message</param>
/// <param name="Question">the user's text behind the pictures</param>
/// <param name="Pictures">their paths</param>
internal sealed record GreedyCase(string System, string Question, IReadOnlyList<string> Pictures)
{
    public static GreedyCase Of(JsonElement golden)
    {
        string text = golden.GetProperty("prompt").GetString()!;
        string user = Between(text, "<|im_start|>user\n", "<|im_end|>");
        string[] pictures = [.. golden.GetProperty("images").EnumerateArray().Select(name => Golden.Path("generate", name.GetString()!))];
        return new GreedyCase(
            Between(text, "<|im_start|>system\n", "<|im_end|>"), pictures.Length == 0 ? user : user[(user.LastIndexOf('\n') + 1)..], pictures);
    }

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }
}
