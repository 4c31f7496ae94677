using System.Runtime.CompilerServices;
using System.Text;
using Smvl.Formats.Gguf;

namespace Smvl.Text;

/// <summary>
/// Reads the tokenizer of a text model's GGUF file. Its added tokens are those of the types control (special ones) and user-defined;
/// ids of the type unused have no token. Text is brought into form C first, as Hugging Face tokenizers do and llama.cpp does not.
/// </summary>
public static class GgufTokenizer
{
    /// <exception cref="SmvlException">keys missing or of another type, another kind of tokenizer, or lists that contradict each other</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static BpeTokenizer Read(GgufMetadata metadata)
    {
        metadata.Require(GgufKeys.Tokenizer.Model, GgufKeys.Tokenizer.BytePairs);
        metadata.Require(GgufKeys.Tokenizer.PreTokenizer, GgufKeys.Tokenizer.QwenPreTokenizer);
        if (metadata.Bool(GgufKeys.Tokenizer.AddBosToken, false))
        {
            throw metadata.Wrong(GgufKeys.Tokenizer.AddBosToken, "false", "true", "Qwen's prompts begin without one");
        }

        GgufStrings tokens = metadata.Strings(GgufKeys.Tokenizer.Tokens);
        IReadOnlyList<int> types = metadata.Ints(GgufKeys.Tokenizer.TokenTypes);
        if (types.Count != tokens.Count)
        {
            throw metadata.Wrong(GgufKeys.Tokenizer.TokenTypes, $"{tokens.Count} types for as many tokens", $"{types.Count}");
        }

        var tokenizer = new BpeTokenizerBuilder(metadata.File, tokens.Count, (int)Math.Min(tokens.Utf8Length, Array.MaxLength));
        var added = new List<AddedToken>();
        int id = 0;
        foreach (ReadOnlySpan<byte> token in tokens)
        {
            switch ((GgufTokenType)types[id])
            {
                case GgufTokenType.Normal when tokenizer.TryAddToken(token, id):
                case GgufTokenType.Unused:
                    break;
                case GgufTokenType.Normal:
                    throw metadata.Wrong(GgufKeys.Tokenizer.Tokens, "every token once", $"'{Encoding.UTF8.GetString(token)}' again as {id}");
                case var type and (GgufTokenType.Control or GgufTokenType.UserDefined):
                    added.Add(new AddedToken(id, Encoding.UTF8.GetString(token), Special: type == GgufTokenType.Control));
                    break;
                case var type:
                    throw metadata.Wrong(GgufKeys.Tokenizer.TokenTypes, "normal, control, user-defined or unused tokens", $"{(int)type} for token {id}");
            }

            id++;
        }

        foreach (ReadOnlySpan<byte> merge in metadata.Strings(GgufKeys.Tokenizer.Merges))
        {
            TokenLists.AddMerge(merge, tokenizer, metadata.File);
        }

        return tokenizer.Build(added, ignoreMerges: false);
    }
}
