using Smvl.Images;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>An opened model that can be talked to: a checkpoint folder, or a GGUF file with its mmproj.</summary>
public interface IChatModel : IDisposable
{
    VisionLanguageModel Model { get; }

    BpeTokenizer Tokenizer { get; }

    /// <summary>Makes the model's tiles; refuses pictures where the model takes none, saying why.</summary>
    IImageTiler Images { get; }

    PromptBuilder Prompts { get; }

    /// <summary>How it answers unless told otherwise.</summary>
    GenerationConfig Generation { get; }

    /// <summary>What its keys and values are kept as unless told otherwise.</summary>
    DType CacheType { get; }
}
