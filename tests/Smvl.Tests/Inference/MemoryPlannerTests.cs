using Smvl.Benchmarks;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Tensors;
using Smvl.Tensors.Cpu;
using Smvl.Text;

namespace Smvl.Tests.Inference;

/// <summary>What is lowered for a memory limit, and that what is left stays under it.</summary>
public sealed class MemoryPlannerTests : IDisposable
{
    private const long Plenty = 1L << 40;
    private const int Pixels = 300 * 200, NewTokens = 8;

    private readonly CpuBackend backend = new(2);
    private readonly WideModel model;

    public MemoryPlannerTests() => model = new WideModel(backend, SessionLimits.None);

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    [Fact]
    public void TheCacheIsLoweredBeforeTheContextAndTheContextBeforeTheTiles()
    {
        MemoryPlanner planner = new(model, 2);
        MemoryPlan plan = planner.Plan(Plenty, held: 0, growth: 0, Pixels, cacheType: null);
        int most = model.Images.TileRange.Most;
        Assert.Equal((DType.F32, MemoryPlanner.WishedContext, most), (plan.Limits.CacheType, plan.Limits.ContextLength, plan.Limits.MaxTiles));

        // each time a byte less than what was found to fit
        List<SessionLimits> steps = [plan.Limits];
        SmvlException? refused = null;
        while (refused is null)
        {
            long limit = plan.Peak - 1;
            try
            {
                plan = planner.Plan(limit, held: 0, growth: 0, Pixels, cacheType: null);
                Assert.InRange(plan.Peak, 1, limit);
                steps.Add(plan.Limits);
            }
            catch (SmvlException e)
            {
                refused = e;
            }
        }

        Assert.Equal([DType.F32, DType.F16, DType.Q8_0], steps.Select(step => step.CacheType).Distinct());
        Assert.All(steps.Where(step => step.CacheType != DType.Q8_0), step => Assert.Equal(MemoryPlanner.WishedContext, step.ContextLength));
        SessionLimits[] whole = [.. steps.Where(step => step.MaxTiles == most)], fewer = [.. steps.Where(step => step.MaxTiles < most)];
        Assert.Equal(steps, whole.Concat(fewer));
        Assert.Equal(whole.Select(step => step.ContextLength).OrderDescending(), whole.Select(step => step.ContextLength));
        Assert.InRange(whole[^1].ContextLength!.Value, MemoryPlanner.LeastText, MemoryPlanner.WishedContext - 1);
        Assert.Equal(model.Images.TileRange.Fewest, fewer[^1].MaxTiles);
        Assert.Contains("memory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATypeOfCacheThatWasAskedForStays()
    {
        MemoryPlanner planner = new(model, 2);
        MemoryPlan plan = planner.Plan(Plenty, 0, 0, Pixels, DType.F16);
        Assert.Equal(DType.F16, plan.Limits.CacheType);
        Assert.Equal(DType.F16, planner.Plan(plan.Peak - 1, 0, 0, Pixels, DType.F16).Limits.CacheType);
    }

    [Theory, InlineData(nameof(ALimitThatLeavesF16)), InlineData(nameof(ALimitThatLeavesQ8AndAShorterContext))]
    public Task APlanIsKept(string limit)
    {
        Assert.SkipWhen(ChildProcess.IsThis, "runs in the outer process only");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the peak is read from /proc");
        return ChildProcess.Passes([$"*.{nameof(MemoryPlannerTests)}.{limit}"]);
    }

    [Fact]
    public void ALimitThatLeavesF16() => Assert.Equal((DType.F16, MemoryPlanner.WishedContext), KeepsItsPlan(0.75));

    [Fact]
    public void ALimitThatLeavesQ8AndAShorterContext()
    {
        (DType type, int context) = KeepsItsPlan(0.4);
        Assert.Equal(DType.Q8_0, type);
        Assert.InRange(context, MemoryPlanner.LeastText, MemoryPlanner.WishedContext - 1);
    }

    /// <summary>Two pictures, each with a question that fills the context up, and an answer.</summary>
    /// <param name="share">of what is wished for beyond what the process holds</param>
    private (DType Type, int Context) KeepsItsPlan(double share)
    {
        Assert.SkipUnless(ChildProcess.IsThis, "runs in a process of its own: see APlanIsKept");
        MemoryPlanner planner = new(model, 2);
        long held = ProcessMemory.Held(model.Model);
        MemoryPlan wished = planner.Plan(Plenty, held, ProcessMemory.Growth, Pixels, null);
        long limit = held + ProcessMemory.Growth + (long)(share * (wished.Peak - held - ProcessMemory.Growth));
        Assert.True(wished.Cache > 100L << 20, "a cache that is most of what is lowered");
        MemoryPlan plan = planner.Plan(limit, held, ProcessMemory.Growth, Pixels, null);
        model.Limits = plan.Limits;
        using (ChatSession session = new(model))
        {
            RgbImage[] pictures = [.. Enumerable.Range(1, 2).Select(i => new RgbImage(300, 200, RandomInputs.Bytes(300 * 200 * 3).Select(value => (byte)(value * i)).ToArray()))];
            foreach (RgbImage picture in pictures)
            {
                Prompt prompt = session.Prepare([new ChatMessage("user", ContentPart.Image, new ContentPart("？"))], [picture], thinking: false);
                int[] filling = [.. Enumerable.Repeat(1, session.ContextLength - prompt.Ids.Length - NewTokens)];
                ChatAnswer answer = session.Answer(prompt with { Ids = [.. prompt.Ids, .. filling] }, new SamplingOptions(), NewTokens);
                Assert.Equal(NewTokens, answer.Tokens.Count);
            }
        }

        double peak = PeakMemory.Bytes()!.Value;
        Assert.True(peak <= limit, $"peak of {peak / 1e6:0} MB under a limit of {limit / 1e6:0} MB; {plan}");
        Assert.True(peak > 0.6 * limit, $"peak of {peak / 1e6:0} MB under a limit of {limit / 1e6:0} MB: the plan is far off; {plan}");
        return (plan.Limits.CacheType, plan.Limits.ContextLength!.Value);
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedOnOpening()
    {
        SmvlException refused = Assert.Throws<SmvlException>(
            () => Smvl.Models.ChatModel.Open(Golden.Path("spliced"), options: new Smvl.Models.ChatModelOptions { MemoryLimit = 1 << 20 }));
        Assert.Contains("memory limit", refused.Message, StringComparison.Ordinal);
    }
}
