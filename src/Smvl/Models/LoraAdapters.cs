namespace Smvl.Models;

/// <summary>All adapters of a model.</summary>
internal sealed class LoraAdapters
{
    /// <param name="model">its weights of the config's modules get adapters</param>
    /// <param name="config">rank, scaling, modules</param>
    /// <param name="seed">of new adapters and of dropout</param>
    /// <exception cref="SmvlException">a module that is no linear layer which can have one</exception>
    public LoraAdapters(VisionLanguageModel model, LoraConfig config, long seed)
    {
        Config = config;
        Dropout = new LoraDropout(model.Backend, config.Dropout, seed);
        Dictionary<string, Parameter> candidates = Candidates(model.Parameters).ToDictionary(LoraAdapter.ModuleOf);
        string[] unknown = [.. config.Modules.Where(module => !candidates.ContainsKey(module))];
        if (unknown.Length > 0)
        {
            throw new SmvlException(
                $"{unknown.Length} modules cannot have an adapter", expected: "linear layers of text decoder, tower and connector", actual: Formats.NameList.Of(unknown),
                hint: "is the adapter of another model?");
        }

        List = [.. config.Modules.Select(module => new LoraAdapter(model.Backend, candidates[module], config, Dropout, seed))];
        foreach (LoraAdapter adapter in List)
        {
            adapter.Weight.Adapter = adapter;
        }
    }

    public LoraConfig Config { get; }

    public LoraDropout Dropout { get; }

    public IReadOnlyList<LoraAdapter> List { get; }

    /// <summary>A batch begins. When the result is disposed, what the adapters made of their weights is forgotten: an optimizer may change them.</summary>
    /// <param name="training">false for an evaluation, which leaves nothing out</param>
    public IDisposable Begin(bool training)
    {
        Dropout.Begin(training);
        Forget();
        return new Batch(this);
    }

    /// <summary>See <see cref="LoraAdapter.Forget"/>.</summary>
    public void Forget()
    {
        foreach (LoraAdapter adapter in List)
        {
            adapter.Forget();
        }
    }

    /// <summary>The weights that can have an adapter: the layers' matrices and the connector's.</summary>
    public static IEnumerable<Parameter> Candidates(IEnumerable<Parameter> parameters) =>
        parameters.Where(p => p is { IsMatrix: true, IsAdapter: false } && (p.Part == ModelPart.Connector || p.Name.Contains(".layers.", StringComparison.Ordinal)));

    private sealed class Batch(LoraAdapters adapters) : IDisposable
    {
        public void Dispose() => adapters.Forget();
    }
}
