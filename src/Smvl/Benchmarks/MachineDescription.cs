using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Smvl.Tensors.Cpu;

namespace Smvl.Benchmarks;

/// <summary>The machine that figures belong to, in words.</summary>
public static class MachineDescription
{
    private const int FirstBrandLeaf = unchecked((int)0x80000002), LastBrandLeaf = unchecked((int)0x80000004);

    /// <summary>The processor's own name on x86, elsewhere its architecture.</summary>
    public static string Processor => X86Base.IsSupported && X86Base.CpuId(unchecked((int)0x80000000), 0).Eax >= LastBrandLeaf
        ? Brand()
        : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Bits of the widest vectors that the kernels use here; 32 where there are none.</summary>
    public static int VectorBits => MachineLimits.VectorBits;

    private static string Brand()
    {
        var brand = new List<int>();
        for (int leaf = FirstBrandLeaf; leaf <= LastBrandLeaf; leaf++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(leaf, 0);
            brand.AddRange([eax, ebx, ecx, edx]);
        }

        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(brand))).TrimEnd('\0').Trim();
    }
}
