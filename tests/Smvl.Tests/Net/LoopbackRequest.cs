namespace Smvl.Tests.Net;

/// <summary>What a <see cref="LoopbackServer"/> was asked.</summary>
/// <param name="Method">as in GET</param>
/// <param name="Target">path and query as they were encoded</param>
/// <param name="Headers">by name, without regard to case; several values joined by commas</param>
/// <param name="Body">decoded from chunks, otherwise as sent</param>
internal sealed record LoopbackRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>A header's value; null where it was not sent.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
