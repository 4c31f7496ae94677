using Smvl.Formats.Gguf;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Text;

namespace Smvl.Models;

/// <summary>How a model is opened.</summary>
public sealed record ChatModelOptions
{
    /// <summary>Where to compute; null for a real GPU where there is one, else the CPU.</summary>
    public DeviceChoice? Device { get; init; }

    /// <summary>Cores to compute on; null for <see cref="ThreadCount.Default"/>. No result depends on it.</summary>
    public int? Threads { get; init; }

    /// <summary>F32, F16 or Q8_0 for keys and values; null for the model's own choice.</summary>
    public DType? CacheType { get; init; }

    /// <summary>Bytes of the process's resident memory that are never exceeded; null for no limit. What is lowered for it: <see cref="ChatModel.Memory"/>.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Pixels of the largest picture that there will be, for the plan under a limit: decoding one takes seven bytes for each.</summary>
    public long LargestPicture { get; init; } = 4_000_000;

    /// <summary>Gets a line where the files leave something open.</summary>
    public Action<string>? Notice { get; init; }
}

/// <summary>
/// The way in for apps: a model with all that it needs, opened from a folder or from GGUF files. One model serves any number of
/// conversations, one answer at a time.
/// </summary>
public sealed class ChatModel : IChatModel
{
    private readonly Backend backend;
    private readonly IChatModel opened;

    private ChatModel(Backend backend, IChatModel opened, SessionLimits limits, MemoryPlan? memory) =>
        (this.backend, this.opened, Limits, Memory) = (backend, opened, limits, memory);

    /// <inheritdoc/>
    public VisionLanguageModel Model => opened.Model;

    /// <inheritdoc/>
    public BpeTokenizer Tokenizer => opened.Tokenizer;

    /// <inheritdoc/>
    public IImageTiler Images => opened.Images;

    /// <inheritdoc/>
    public PromptBuilder Prompts => opened.Prompts;

    /// <inheritdoc/>
    public GenerationConfig Generation => opened.Generation;

    /// <inheritdoc/>
    public SessionLimits Limits { get; }

    /// <summary>What fits under the limit; null without one.</summary>
    public MemoryPlan? Memory { get; }

    /// <param name="path">a folder that was spliced or trained, or a text model's GGUF file</param>
    /// <param name="mmproj">a GGUF file's vision tower; null for a folder, and for text only</param>
    /// <param name="options">null for the defaults</param>
    /// <exception cref="SmvlException">
    /// a file missing or damaged, of another kind of model, files that are not of one model, or a memory limit that the model does not fit
    /// </exception>
    public static ChatModel Open(string path, string? mmproj = null, ChatModelOptions? options = null)
    {
        options ??= new ChatModelOptions();
        if (options.MemoryLimit is long limit)
        {
            if (AdapterFolder.Is(path))
            {
                throw new SmvlException("a memory limit is kept for models without adapters", path, hint: "smvl merge BASE ADAPTER --output DIR makes one");
            }

            ProcessMemory.CheckBeforeOpening(path, mmproj, limit);
        }

        int threads = options.Threads ?? ThreadCount.Default;
        Backend backend = Backends.Open(options.Device, new BackendOptions
        {
            Threads = threads,
            OnlyOnCpu = options.MemoryLimit is null ? null : "a memory limit is kept on the CPU only",
            Notice = options.Notice,
        });
        IChatModel? opened = null;
        try
        {
            opened = Open(path, mmproj, backend, options.Notice);
            MemoryPlan? memory = options.MemoryLimit is long most
                ? new MemoryPlanner(opened, threads).Plan(
                    most, ProcessMemory.Held(opened.Model), ProcessMemory.Growth, options.LargestPicture, options.CacheType)
                : null;
            return new ChatModel(
                backend, opened, memory?.Limits ?? opened.Limits with { CacheType = options.CacheType ?? opened.Limits.CacheType }, memory);
        }
        catch
        {
            opened?.Dispose();
            backend.Dispose();
            throw;
        }
    }

    /// <summary>A conversation that has not begun.</summary>
    public Conversation Converse(ConversationOptions? options = null) => new(this, options);

    private static IChatModel Open(string path, string? mmproj, Backend backend, Action<string>? notice)
    {
        if (path.EndsWith(GgufFile.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return GgufModel.Open(path, mmproj, backend);
        }

        return mmproj is null
            ? ModelFolder.OpenAny(path, backend, notice)
            : throw new SmvlException("a folder has its own vision tower", path, "a GGUF file with an mmproj, or a folder alone", mmproj);
    }

    public void Dispose()
    {
        opened.Dispose();
        backend.Dispose();
    }
}
