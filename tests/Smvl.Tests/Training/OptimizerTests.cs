using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Tests.Models;
using Smvl.Training;
using Smvl.Training.Optimizers;

namespace Smvl.Tests.Training;

public sealed class OptimizerTests : IDisposable
{
    private readonly FixtureModel fixture = new();
    private readonly TemporaryFolder temporary = new();

    public void Dispose()
    {
        fixture.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void MatricesDecayAndVectorsDoNot()
    {
        using Optimizer optimizer = New(FreezePolicy.Full, "--learning_rate", "0.1", "--weight_decay", "0.5");
        Dictionary<string, float> before = fixture.Model.Parameters.ToDictionary(p => p.Name, p => p.Value.Span<float>()[0]);
        optimizer.ZeroGradients();
        optimizer.Update(multiplier: 1, step: 1, gradientScale: 1);
        foreach (Parameter parameter in fixture.Model.Parameters)
        {
            // without a gradient only the decay moves a weight
            bool vector = parameter.Name.EndsWith(".bias", StringComparison.Ordinal) || parameter.Name.Contains("norm", StringComparison.Ordinal);
            Assert.Equal(before[parameter.Name] * (vector ? 1 : 0.95f), parameter.Value.Span<float>()[0], 1e-6);
        }
    }

    [Fact]
    public void TheNormIsOfAllGradientsTogether()
    {
        using Optimizer optimizer = New(FreezePolicy.ConnectorAndVision);
        optimizer.ZeroGradients();
        Assert.Equal(0, optimizer.GradientNorm());
        Assert.Null(optimizer.FirstNotFinite());
        Gradient("connector.weight")[7] = 3;
        Gradient("vision.post_norm.bias")[0] = 4;
        Assert.Equal(5, optimizer.GradientNorm(), 1e-6);
        Gradient("vision.post_norm.bias")[0] = float.NaN;
        Assert.False(double.IsFinite(optimizer.GradientNorm()));
        Assert.Equal("vision.post_norm.bias", optimizer.FirstNotFinite());
    }

    [Fact]
    public void MomentsComeBackFromTheirFile()
    {
        using Optimizer first = New(FreezePolicy.Connector);
        Gradient("connector.weight").Fill(0.25f);
        first.Update(1, 1, 1);
        first.Write(temporary.Path);
        float[] weights = fixture.Model.Parameters.Single(p => p.Trainable).Value.Span<float>().ToArray();

        using Optimizer second = new(fixture.Model, Arguments());
        second.Read(temporary.Path);
        first.Update(1, 2, 1);
        float[] expected = Connector().ToArray();
        weights.CopyTo(Connector());
        second.Update(1, 2, 1);
        Assert.Equal(expected, Connector().ToArray());
    }

    [Fact]
    public void MomentsOfOtherParametersAreRefused()
    {
        using (Optimizer connector = New(FreezePolicy.Connector))
        {
            connector.Write(temporary.Path);
        }

        using Optimizer more = New(FreezePolicy.ConnectorAndVision);
        Assert.Contains("lacks exp_avg.vision", Assert.Throws<SmvlException>(() => more.Read(temporary.Path)).Message);
        more.Write(temporary.Path);
        using FixtureModel other = new();
        other.Model.Unfreeze(p => FreezePolicy.Connector.Trains(p));
        using Optimizer fewer = new(other.Model, Arguments());
        Assert.Contains("another set", Assert.Throws<SmvlException>(() => fewer.Read(temporary.Path)).Message);
    }

    private static TrainingArguments Arguments(params string[] more) => TrainingArguments.FromCommandLine(["--output_dir", "unused", .. more]);

    private Optimizer New(FreezePolicy policy, params string[] keys)
    {
        fixture.Model.Unfreeze(p => policy.Trains(p));
        return new Optimizer(fixture.Model, Arguments(keys));
    }

    private Span<float> Gradient(string name) => fixture.Model.Parameters.Single(p => p.Name == name).Gradient!.Span<float>();

    private Span<float> Connector() => fixture.Model.Parameters.Single(p => p.Name == "connector.weight").Value.Span<float>();
}
