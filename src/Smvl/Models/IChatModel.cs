using Smvl.Images;
using Smvl.Inference;
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

    /// <summary>How much a session with it may take.</summary>
    SessionLimits Limits => SessionLimits.None;
}
