using Smvl.Tensors;

namespace Smvl.Models;

/// <summary>
/// A named weight. Frozen: <see cref="Value"/> is what the file holds (matrices in their stored type) and there is no gradient.
/// Trainable: <see cref="Value"/> is a float32 master of its own, with a gradient that backward adds to.
/// </summary>
public sealed class Parameter
{
    internal Parameter(string name, string huggingFace, Tensor value, DType storedDType, bool isMatrix)
    {
        Name = name;
        HuggingFace = huggingFace;
        Value = value;
        StoredDType = storedDType;
        IsMatrix = isMatrix;
    }

    /// <summary>Our name, as <see cref="NameTable"/> lists it.</summary>
    public string Name { get; }

    /// <summary>The name in a Hugging Face checkpoint, which users know.</summary>
    public string HuggingFace { get; }

    /// <summary>The part that it belongs to.</summary>
    public ModelPart Part => NameTable.PartOf(Name);

    public Tensor Value { get; private set; }

    /// <summary>The type in the file, which a frozen parameter is written back in.</summary>
    public DType StoredDType { get; private set; }

    /// <summary>Multiplied with or gathered from, and so free to be of any float type; the others are F32 in memory.</summary>
    public bool IsMatrix { get; }

    /// <summary>Shape of <see cref="Value"/>, F32; null while frozen.</summary>
    public Tensor? Gradient { get; private set; }

    public bool Trainable => Gradient is not null;

    public Shape Shape => Value.Shape;

    /// <summary>A matrix of an adapter, which is no part of the model's own folder.</summary>
    public bool IsAdapter { get; init; }

    /// <summary>True when the value is another than the folder's: trained beside adapters, or merged with one.</summary>
    internal bool IsReplaced { get; private set; }

    /// <summary>What stands beside the layer of this weight; null without.</summary>
    internal LoraAdapter? Adapter { get; set; }

    /// <summary>A frozen float32 matrix becomes BF16, half as large.</summary>
    internal void Narrow(Backend backend)
    {
        if (Trainable || !IsMatrix || Value.DType != DType.F32)
        {
            return;
        }

        Tensor narrow = backend.Allocate(DType.BF16, Shape);
        backend.Copy(narrow, Value);
        backend.SetAside(Value);
        Value.Dispose();
        Value = narrow;
        StoredDType = DType.BF16;
    }

    /// <summary>Takes the values of another tensor of this shape, as float32.</summary>
    internal void Replace(Backend backend, Tensor values)
    {
        if (Value.DType != DType.F32 || !(Trainable || IsReplaced || IsAdapter))
        {
            Tensor own = backend.Allocate(DType.F32, Shape);
            backend.SetAside(Value);
            Value.Dispose();
            Value = own;
            StoredDType = DType.F32;
        }

        backend.Copy(Value, values);
        IsReplaced = true;
    }

    /// <summary>Gives its memory back.</summary>
    internal void Dispose()
    {
        Value.Dispose();
        Gradient?.Dispose();
    }

    /// <summary>Makes the float32 master and a zero gradient.</summary>
    internal void Unfreeze(Backend backend)
    {
        if (Trainable)
        {
            return;
        }

        Tensor master = backend.Allocate(DType.F32, Shape);
        backend.Copy(master, Value);
        backend.SetAside(Value);
        Value.Dispose();
        Value = master;
        Gradient = backend.Allocate(DType.F32, Shape);
        backend.Fill(Gradient, 0f);
    }
}
