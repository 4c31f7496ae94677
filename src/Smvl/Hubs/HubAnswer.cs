using System.Text.Json;

namespace Smvl.Hubs;

/// <summary>An answer of a hub that is JSON, or a part of it; every error names the address and the key.</summary>
/// <param name="Json">the answer</param>
/// <param name="Address">where it came from, fit to be shown</param>
/// <param name="Next">the address of the listing's next page; null where there is none</param>
internal sealed record HubAnswer(JsonElement Json, string Address, Uri? Next = null)
{
    /// <summary>The member of an object; null where it is missing or null.</summary>
    public HubAnswer? Find(string key) =>
        Json.ValueKind != JsonValueKind.Object ? throw Wrong("an object")
        : Json.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? new HubAnswer(value, $"{Address}, {key}") : null;

    /// <inheritdoc cref="Find"/>
    /// <exception cref="SmvlException">it is missing</exception>
    public HubAnswer Get(string key) => Find(key) ?? throw new SmvlException("the hub's answer lacks a key", Address, key);

    public IEnumerable<HubAnswer> Items() =>
        Json.ValueKind == JsonValueKind.Array ? Json.EnumerateArray().Select(item => new HubAnswer(item, Address)) : throw Wrong("an array");

    public string Text() => Json.ValueKind == JsonValueKind.String ? Json.GetString()! : throw Wrong("a text");

    /// <summary>Bytes: 0 or more.</summary>
    public long Size() => Json.ValueKind == JsonValueKind.Number && Json.TryGetInt64(out long size) && size >= 0 ? size : throw Wrong("a number of bytes");

    private SmvlException Wrong(string expected) => new("the hub's answer is not as expected", Address, expected, Json.ValueKind.ToString().ToLowerInvariant());
}
