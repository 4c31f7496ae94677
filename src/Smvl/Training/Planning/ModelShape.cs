using Smvl.Models;
using Smvl.Tensors;

namespace Smvl.Training.Planning;

/// <summary>An opened model's extents and what its weights are stored in: enough to build it on a backend that has no memory.</summary>
/// <param name="model">as it was opened, with new adapters or without any</param>
/// <param name="markerIds">image markers whose rows are trained in a frozen embedding</param>
internal sealed class ModelShape(VisionLanguageModel model, IReadOnlyList<int> markerIds)
{
    // what an earlier stage trains, the next one finds stored as float32
    private HashSet<string> widened = [];

    public bool TakesPictures => model.TakesPictures;

    public IReadOnlyList<int> MarkerIds => markerIds;

    public ModelConfig Config => model.Config;

    /// <summary>Bytes of a tile (3, S, S); 0 where there are none.</summary>
    public int TileBytes => TakesPictures ? Config.Vision.ChannelCount * Config.Vision.ImageSize * Config.Vision.ImageSize : 0;

    /// <summary>The token that image rows replace; none of a text model alone.</summary>
    public int ImageTokenId => TakesPictures ? Config.ImageTokenId : -1;

    /// <summary>As another run leaves it.</summary>
    /// <param name="trained">names of parameters that it trains, or merges with an adapter</param>
    public ModelShape After(IEnumerable<string> trained) => new(model, markerIds) { widened = [.. widened, .. trained] };

    /// <summary>The model on a counting backend, its weights mapped from files, those of a merged adapter in memory of their own.</summary>
    /// <param name="backend">calls of it go to <paramref name="counting"/></param>
    /// <param name="counting">where weights lie</param>
    public VisionLanguageModel Build(Backend backend, CountingBackend counting)
    {
        counting.Purpose = MemoryPurpose.Weights;
        Dictionary<string, Tensor> weights = model.Parameters.Where(parameter => !parameter.IsAdapter).ToDictionary(
            parameter => parameter.Name,
            parameter => parameter.IsReplaced ? counting.Allocate(parameter.Value.DType, parameter.Shape)
                : CountingBackend.Map(widened.Contains(parameter.Name) ? DType.F32 : parameter.StoredDType, parameter.Shape));
        return model.TakesPictures ? new(backend, model.Config, weights, model.Pixels) : new(backend, model.TextConfig, weights);
    }
}
