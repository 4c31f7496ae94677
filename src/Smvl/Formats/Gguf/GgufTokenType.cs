namespace Smvl.Formats.Gguf;

/// <summary>What kind of token an id is; the numbers are those of <c>tokenizer.ggml.token_type</c>.</summary>
internal enum GgufTokenType
{
    /// <summary>Spelled byte by byte (a space is Ġ).</summary>
    Normal = 1,
    Unknown = 2,

    /// <summary>Plain text, found in a prompt only where special tokens are parsed.</summary>
    Control = 3,

    /// <summary>Plain text, found in every prompt.</summary>
    UserDefined = 4,

    /// <summary>An id without a token.</summary>
    Unused = 5,
    Byte = 6,
}
