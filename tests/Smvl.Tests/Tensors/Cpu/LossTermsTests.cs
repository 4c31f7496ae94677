using Smvl.Formats;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;

namespace Smvl.Tests.Tensors.Cpu;

/// <summary>Label smoothing and z-loss against PyTorch's, losses and gradients (scripts/make_optimizer_fixtures.py).</summary>
[Trait("Category", Golden.Category)]
public sealed class LossTermsTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    [Theory, InlineData("plain"), InlineData("smoothed"), InlineData("z"), InlineData("both")]
    public void LossesAndGradientsArePyTorchs(string name)
    {
        using SafetensorsFile golden = Golden.Tensors("optimizers", "loss.safetensors");
        Tensor given = golden.Tensors["logits"];
        using Tensor logits = backend.Allocate(DType.F32, given.Shape);
        using Tensor losses = backend.Allocate(given.Shape[0]);
        backend.Copy(logits, given);
        ReadOnlySpan<float> terms = golden.Tensors[$"{name}.terms"].Span<float>();
        backend.CrossEntropy(losses, logits, golden.Tensors["targets"].Span<int>(), gradientScale: 1f, new LossTerms(terms[0], terms[1]));
        Approx.Equal(golden.Tensors[$"{name}.losses"].Span<float>(), losses.Span<float>(), "losses", 1e-6, 0);
        Approx.Equal(golden.Tensors[$"{name}.gradient"].Span<float>(), logits.Span<float>(), "gradient", 1e-6, 0);
    }
}
