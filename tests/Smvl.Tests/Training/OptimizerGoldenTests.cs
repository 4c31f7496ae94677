using Smvl.Formats;
using Smvl.Models;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Training;
using Smvl.Training.Optimizers;

namespace Smvl.Tests.Training;

/// <summary>fixtures/optimizers: three updates as their papers' formulas, evaluated in PyTorch, make them (scripts/make_optimizer_fixtures.py).</summary>
[Trait("Category", Golden.Category)]
public sealed class OptimizerGoldenTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    [Theory]
    [InlineData("lion", "lion_32bit", 1e-6, "exp_avg")]
    [InlineData("muon-wide", "muon", 1e-5, "momentum_buffer")]
    [InlineData("muon-tall", "muon", 1e-5, "momentum_buffer")]
    [InlineData("adamw-8bit", "adamw_8bit", 1e-6, "absmax1", "absmax2")]
    public void UpdatesAreTheFormulas(string name, string optim, double tolerance, params string[] states)
    {
        using SafetensorsFile golden = Golden.Tensors("optimizers", name + ".safetensors");
        using TemporaryFolder folder = new();
        Run(golden, optim, folder.Path, (step, weights) =>
            Approx.Equal(golden.Tensors["after"].Slice(step, 1).Span<float>(), weights, $"{name} after update {step + 1}", tolerance, 1e-9));
        using SafetensorsFile state = SafetensorsFile.Open(folder[Optimizer.FileName]);
        foreach (string each in states)
        {
            Approx.Equal(golden.Tensors[each].Span<float>(), state.Tensors[$"{each}.connector.weight"].Span<float>(), each, 1e-6, 1e-12);
        }
    }

    /// <summary>torch multiplies in bfloat16, so that a direction's elements are off by a hundredth of the largest one.</summary>
    [Theory, InlineData("muon-wide"), InlineData("muon-tall")]
    public void MuonIsTorchsUpToItsBfloat16(string name)
    {
        using SafetensorsFile golden = Golden.Tensors("optimizers", name + ".safetensors");
        using TemporaryFolder folder = new();
        float[] start = golden.Tensors["start"].Span<float>().ToArray();
        Run(golden, "muon", folder.Path, (step, weights) =>
        {
            float[] expected = Moved(golden.Tensors["torch"].Slice(step, 1).Span<float>()), actual = Moved(weights);
            Approx.Equal(expected, actual, $"{name}: way after update {step + 1}", 0.02, 0);
        });

        float[] Moved(ReadOnlySpan<float> weights)
        {
            float[] way = weights.ToArray();
            for (int i = 0; i < way.Length; i++)
            {
                way[i] -= start[i];
            }

            return way;
        }
    }

    [Fact]
    public void TheDynamicMapsAreBitsandbytes()
    {
        using SafetensorsFile golden = Golden.Tensors("optimizers", "adamw-8bit.safetensors");
        foreach ((string name, DynamicMap map) in ((string, DynamicMap)[])[("signed", DynamicMap.Signed), ("unsigned", DynamicMap.Unsigned)])
        {
            // torch.linspace rounds its points as the machine's vectors are wide
            float[] expected = golden.Tensors[name].Span<float>().ToArray();
            Assert.All(expected.Zip(map.Values.ToArray()), pair => Assert.InRange(Math.Abs(pair.Second - pair.First), 0, 2e-7 * Math.Abs(pair.First)));
            for (int code = 0; code < 256; code++)
            {
                Assert.Equal(code, map.Code(map.Values[code]));
            }

            Assert.Equal((0, 255), (map.Code(float.NegativeInfinity), map.Code(2)));
        }
    }

    [Fact]
    public void CodesAreThoseOfTheNearestValues()
    {
        using SafetensorsFile golden = Golden.Tensors("optimizers", "adamw-8bit.safetensors");
        using TemporaryFolder folder = new();
        Run(golden, "adamw_8bit", folder.Path, (_, _) => { });
        using SafetensorsFile state = SafetensorsFile.Open(folder[Optimizer.FileName]);
        foreach (string name in (string[])["state1", "state2"])
        {
            byte[] expected = golden.Tensors[name].Span<byte>().ToArray(), actual = state.Tensors[$"{name}.connector.weight"].Span<byte>().ToArray();

            // a value at the border of two may fall to either side
            Assert.InRange(expected.Zip(actual).Count(pair => pair.First != pair.Second), 0, 4);
            Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        }
    }

    /// <summary>What each kind of parameter keeps, and how much.</summary>
    [Theory]
    [InlineData("adamw_torch", 64, 80, "exp_avg exp_avg_sq")]
    [InlineData("adamw_bnb_8bit", 64, 80, "absmax1 absmax2 state1 state2")]
    [InlineData("adamw_bnb_8bit", 64, 8, "exp_avg exp_avg_sq")]   // too small to be worth a rounding
    [InlineData("muon", 64, 80, "momentum_buffer")]
    [InlineData("lion_32bit", 64, 80, "exp_avg")]
    public void StatesAreOfTheParametersKind(string optim, int rows, int columns, string expected)
    {
        using TemporaryFolder folder = new();
        Parameter parameter = New("connector.weight", backend.Zeros(rows, columns));
        using (Optimizer optimizer = new(backend, Arguments(optim), [new ParameterGroup([parameter], 1e-3, 0)]))
        {
            optimizer.Write(folder.Path);
        }

        using SafetensorsFile state = SafetensorsFile.Open(folder[Optimizer.FileName]);
        Assert.Equal(expected, string.Join(' ', state.Tensors.Keys.Select(key => key.Split('.')[0]).Order(StringComparer.Ordinal)));
    }

    [Theory, InlineData("text.embedding"), InlineData("head"), InlineData("text.embedding.rows"), InlineData("head.rows"), InlineData("vision.position_embedding")]
    public void MuonLeavesEmbeddingsToAdamW(string name)
    {
        using Tensor value = backend.Zeros(4, 4);
        Assert.False(MuonUpdate.Serves(New(name, value)));
        Assert.True(MuonUpdate.Serves(New("text.layers.0.mlp.up.weight", value)));
    }

    [Fact]
    public void EveryGroupHasItsRateUnderOneSchedule()
    {
        Parameter plain = New("connector.a", backend.Zeros(2, 2)), tenfold = New("connector.b", backend.Zeros(2, 2));
        backend.Fill(plain.Gradient!, 1f);
        backend.Fill(tenfold.Gradient!, 1f);
        using Optimizer optimizer = new(
            backend, Arguments("lion_32bit"), [new ParameterGroup([plain], 2e-3, 0), new ParameterGroup([tenfold], 2e-2, 0)]);
        optimizer.Update(0.5, 1, 1);
        Assert.Equal(-1e-3f, plain.Value.Span<float>()[0], 1e-9f);
        Assert.Equal(-1e-2f, tenfold.Value.Span<float>()[0], 1e-9f);
    }

    private void Run(SafetensorsFile golden, string optim, string folder, ReadOnlySpanAction check)
    {
        Tensor start = golden.Tensors["start"];
        Tensor value = backend.Allocate(DType.F32, start.Shape);
        backend.Copy(value, start);
        Parameter parameter = New("connector.weight", value);
        using Optimizer optimizer = new(backend, Arguments(optim), [new ParameterGroup([parameter], 1e-2, WeightDecay: 0.1)]);
        for (int step = 0; step < golden.Tensors["gradients"].Shape[0]; step++)
        {
            // clipping is the same as smaller gradients
            backend.Copy(parameter.Gradient!, golden.Tensors["gradients"].Slice(step, 1));
            backend.Scale(parameter.Gradient!, 4f);
            optimizer.Update(1, step + 1, gradientScale: 0.25f);
            check(step, parameter.Value.Span<float>());
        }

        optimizer.Write(folder);
    }

    private delegate void ReadOnlySpanAction(int step, ReadOnlySpan<float> weights);

    private Parameter New(string name, Tensor value)
    {
        Parameter parameter = new(name, name, value, DType.F32, isMatrix: true);
        parameter.Unfreeze(backend);
        return parameter;
    }

    private static TrainingArguments Arguments(string optim) =>
        TrainingArguments.FromCommandLine("--optim", optim, "--adam_beta2", "0.99", "--output_dir", "unused");
}
