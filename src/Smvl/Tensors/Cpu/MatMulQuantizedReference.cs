using Smvl.Tensors.Quantization;

namespace Smvl.Tensors.Cpu;

/// <summary>The meaning of <see cref="MatMulQuantized"/> in scalar loops and double; tests compare every faster path with it.</summary>
internal static unsafe class MatMulQuantizedReference
{
    /// <param name="y">(T, N)</param>
    /// <param name="x">(T, K)</param>
    /// <param name="blocks">(N, K) in GGUF's layout</param>
    /// <param name="bias">(N) or null</param>
    public static void Linear(Tensor y, Tensor x, Tensor blocks, Tensor? bias)
    {
        int rows = x.Shape.Rows, inputs = x.Shape.Width, outputs = blocks.Shape.Rows;
        long rowBytes = blocks.DType.Bytes(inputs);
        byte* source = blocks.Origin();
        float[] weights = new float[inputs], activations = new float[inputs];
        for (int t = 0; t < rows; t++)
        {
            Round(x.Row<float>(t), activations);
            for (int n = 0; n < outputs; n++)
            {
                BlockFormat.Dequantize(blocks.DType, new ReadOnlySpan<byte>(source + (n * rowBytes), (int)rowBytes), weights);
                double sum = bias is null ? 0 : bias.Pointer<float>()[n];
                for (int k = 0; k < inputs; k++)
                {
                    sum += (double)activations[k] * weights[k];
                }

                y.Row<float>(t)[n] = (float)sum;
            }
        }
    }

    /// <summary>What is left of activations as bytes with a scale for every 32, see <see cref="ActivationBlock"/>.</summary>
    private static void Round(ReadOnlySpan<float> x, Span<float> rounded)
    {
        for (int start = 0; start < x.Length; start += ActivationBlock.Size)
        {
            float max = 0f;
            for (int i = start; i < start + ActivationBlock.Size; i++)
            {
                max = MathF.Max(max, MathF.Abs(x[i]));
            }

            for (int i = start; i < start + ActivationBlock.Size; i++)
            {
                rounded[i] = max == 0f ? 0f : MathF.Round(x[i] * (127f / max)) * (max * (1f / 127f));
            }
        }
    }
}
