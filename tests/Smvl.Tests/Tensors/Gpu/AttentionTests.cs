using Smvl.Tensors;
using Smvl.Tensors.Gpu;
using Smvl.Tensors.Gpu.Checks;

namespace Smvl.Tests.Tensors.Gpu;

/// <summary>Attention on the GPU beside what <see cref="OperationChecks"/> compare.</summary>
[Collection(GpuOperations.Name)]
public sealed class AttentionTests(GpuPair pair)
{
    [Fact]
    public void HeadsThatDoNotFitAreRefused()
    {
        using CheckTensors run = new(pair.Gpu);
        const int headDim = 8192;
        Tensor q = run.Random(1, 2, headDim), o = run.Unwritten(2, headDim);
        SmvlException error = Assert.Throws<SmvlException>(
            () => run.Backend.Attention(o, null, q, q, q, new AttentionLayout([new(0, 2, 0, 2)], 1, 1, headDim, true)));
        Assert.Contains("attention: heads too wide for the memory that a workgroup of the GPU shares (expected at most ", error.Message);
        Assert.Contains(", actual 8192 (", error.Message);
    }

    /// <summary>32 KB, the least that Vulkan's common devices have: the gradient takes more of it than the forward.</summary>
    [Fact]
    public void TheGradientOfWiderHeadsIsRefusedBeforeAnythingIsWritten()
    {
        using GpuBackend backend = Gpu.Backend(new GpuOptions { CacheFolder = null, SharedMemory = 32768 });
        using CheckTensors run = new(backend);
        AttentionLayout layout = new([new(0, 2, 0, 2)], 1, 1, 456, true);
        Tensor q = run.Random(1, 2, layout.HeadDim), o = run.Unwritten(2, layout.HeadDim), lse = run.Unwritten(2, 1), dk = run.Random(2, 2, layout.HeadDim);
        float[] before = run.Floats(dk);
        run.Backend.Attention(o, lse, q, q, q, layout);
        SmvlException error = Assert.Throws<SmvlException>(() => run.Backend.AttentionBackward(o, dk, o, q, o, lse, q, q, q, layout));
        Assert.Equal(
            "attention's gradient: heads too wide for the memory that a workgroup of the GPU shares (expected at most 448 (32768 bytes), actual 456 (33192 bytes)); use --device cpu",
            error.Message);
        Assert.Equal(before, run.Floats(dk));
    }
}
