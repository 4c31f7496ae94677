using Smvl.Benchmarks;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Inference;

/// <summary>The fixtures' tokenizer and picture settings around a decoder whose cache and work take as much memory as the runtime.</summary>
internal sealed class WideModel : IChatModel
{
    private readonly ModelFolder folder;
    private readonly List<Tensor> weights = [];

    /// <param name="backend">where it runs</param>
    /// <param name="limits">of sessions with it</param>
    public WideModel(CpuBackend backend, SessionLimits limits)
    {
        Limits = limits;
        folder = ModelFolder.Open(Golden.Path("spliced"), backend);
        ModelConfig small = folder.Model.Config;
        ModelConfig config = small with
        {
            Text = small.Text with { HiddenSize = 256, IntermediateSize = 1024, LayerCount = 8, HeadCount = 8, KeyValueHeadCount = 8, HeadSize = 64 },
        };
        Dictionary<string, Tensor> named = [];
        foreach (TensorName name in NameTable.For(config))
        {
            Tensor tensor = RandomTensors.Allocate(backend, DType.F32, [.. name.Shape.Dims.ToArray().Select(extent => (long)extent)]);
            backend.Scale(tensor, 0.1f);
            weights.Add(tensor);
            named.Add(name.Ours, tensor);
        }

        Model = new VisionLanguageModel(backend, config, named, new PixelNormalisation([2f / 255, 2f / 255, 2f / 255], [-1f, -1f, -1f]));
    }

    public VisionLanguageModel Model { get; }

    public BpeTokenizer Tokenizer => folder.Tokenizer;

    public IImageTiler Images => folder.Images;

    public PromptBuilder Prompts => folder.Prompts;

    public GenerationConfig Generation => folder.Generation with { EosTokenIds = [] };

    public SessionLimits Limits { get; set; }

    public void Dispose()
    {
        Model.Dispose();
        folder.Dispose();
    }
}
