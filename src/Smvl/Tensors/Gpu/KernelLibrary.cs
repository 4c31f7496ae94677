using Smvl.Tensors.Gpu.Vulkan;

namespace Smvl.Tensors.Gpu;

/// <summary>
/// Makes kernels from the SPIR-V that is embedded in this assembly, each once. All have one layout: no descriptors, push constants of
/// <see cref="MaxConstantBytes"/>.
/// </summary>
internal sealed unsafe class KernelLibrary : IDisposable
{
    /// <summary>Bytes of push constants that every device has.</summary>
    public const int MaxConstantBytes = 128;

    private const uint ComputeStage = 0x20;

    private readonly LogicalDevice device;
    private readonly PipelineCache cache;
    private readonly Dictionary<string, ulong> modules = [];
    private readonly Dictionary<(string Name, string Constants), Kernel> kernels = [];

    /// <param name="device">whose kernels</param>
    /// <param name="cacheFile">keeps them for later processes; null: nothing does</param>
    /// <param name="notice">gets a line where that file cannot be used</param>
    public KernelLibrary(LogicalDevice device, string? cacheFile, Action<string>? notice)
    {
        this.device = device;
        cache = new PipelineCache(device, cacheFile, notice);
        PushConstantRange range = new() { Stages = ComputeStage, Size = MaxConstantBytes };
        PipelineLayoutCreateInfo info = new()
        {
            Type = StructureType.PipelineLayoutCreateInfo,
            PushConstantRangeCount = 1,
            PushConstantRanges = &range,
        };
        ulong layout;
        device.Check(device.Functions.CreatePipelineLayout(device.Handle, &info, null, &layout), "make a pipeline layout");
        Layout = layout;
    }

    public ulong Layout { get; }

    /// <param name="name">of a line of Shaders/variants.txt</param>
    /// <param name="specialization">values of the shader's constants 0, 1, and so on</param>
    public Kernel Get(string name, ReadOnlySpan<uint> specialization)
    {
        (string, string) key = (name, string.Join(',', specialization.ToArray()));
        if (!kernels.TryGetValue(key, out Kernel? kernel))
        {
            kernels[key] = kernel = Make(name, specialization);
        }

        return kernel;
    }

    public void Dispose()
    {
        foreach (Kernel kernel in kernels.Values)
        {
            device.Functions.DestroyPipeline(device.Handle, kernel.Pipeline, null);
        }

        foreach (ulong module in modules.Values)
        {
            device.Functions.DestroyShaderModule(device.Handle, module, null);
        }

        device.Functions.DestroyPipelineLayout(device.Handle, Layout, null);
        cache.Dispose();
    }

    private Kernel Make(string name, ReadOnlySpan<uint> specialization)
    {
        if (!modules.TryGetValue(name, out ulong module))
        {
            modules[name] = module = Load(name);
        }

        SpecializationEntry* entries = stackalloc SpecializationEntry[Math.Max(specialization.Length, 1)];
        for (int i = 0; i < specialization.Length; i++)
        {
            entries[i] = new SpecializationEntry { Id = (uint)i, Offset = (uint)(i * sizeof(uint)), Size = sizeof(uint) };
        }

        ulong pipeline;
        fixed (uint* data = specialization)
        fixed (byte* main = "main"u8)
        {
            SpecializationInfo constants = new()
            {
                EntryCount = (uint)specialization.Length,
                Entries = entries,
                DataSize = (nuint)(specialization.Length * sizeof(uint)),
                Data = data,
            };
            ComputePipelineCreateInfo info = new()
            {
                Type = StructureType.ComputePipelineCreateInfo,
                Layout = Layout,
                BasePipelineIndex = -1,
                Stage = new ShaderStageCreateInfo
                {
                    Type = StructureType.PipelineShaderStageCreateInfo,
                    Stage = ComputeStage,
                    Module = module,
                    Name = main,
                    Specialization = specialization.IsEmpty ? null : &constants,
                },
            };
            device.Check(device.Functions.CreateComputePipelines(device.Handle, cache.Handle, 1, &info, null, &pipeline), $"make the kernel {name}");
        }

        return new Kernel(name, pipeline);
    }

    private ulong Load(string name)
    {
        using Stream stream = typeof(KernelLibrary).Assembly.GetManifestResourceStream($"Smvl.Tensors.Gpu.Shaders.{name}.spv")
            ?? throw new ArgumentException($"no shader is named {name}", nameof(name));
        var code = new byte[stream.Length];
        stream.ReadExactly(code);
        fixed (byte* words = code)
        {
            ShaderModuleCreateInfo info = new()
            {
                Type = StructureType.ShaderModuleCreateInfo,
                Size = (nuint)code.Length,
                Code = (uint*)words,
            };
            ulong module;
            device.Check(device.Functions.CreateShaderModule(device.Handle, &info, null, &module), $"load the shader {name}");
            return module;
        }
    }
}
