using System.Diagnostics;
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

    /// <summary>Rows that are trained although the rest is frozen; null for none.</summary>
    internal TrainedRows? Rows { get; private set; }

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

        Tensor narrow = backend.Allocate(DType.BF16, Shape, MemoryPurpose.Weights);
        backend.Copy(narrow, Value);
        backend.SetAside(Value);
        Value.Dispose();
        Value = narrow;
        StoredDType = DType.BF16;
    }

    /// <summary>Some rows of a frozen matrix are trained; the matrix gets memory of its own for them.</summary>
    internal TrainedRows TrainRows(Backend backend, IReadOnlyList<int> ids)
    {
        TakeOwnMemory(backend);
        return Rows = new TrainedRows(backend, this, ids);
    }

    /// <summary>Some rows take the values of another tensor's rows, rounded to nearest even; memory must be its own.</summary>
    /// <param name="backend">copies</param>
    /// <param name="ids">(n) rows</param>
    /// <param name="values">(n, D)</param>
    internal void PutRows(Backend backend, IReadOnlyList<int> ids, Tensor values)
    {
        for (int i = 0; i < ids.Count; i++)
        {
            using Tensor from = values.Slice(i, 1), to = Value.Slice(ids[i], 1);
            backend.Copy(to, from);
        }
    }

    /// <summary>The same of a matrix as it was opened, which gets memory of its own; rows that are trained take over the values unrounded.</summary>
    internal void ReplaceRows(Backend backend, IReadOnlyList<int> ids, Tensor values)
    {
        if (Rows is not null)
        {
            Debug.Assert(ids.SequenceEqual(Rows.Ids), "rows of another run");
            Rows.Replace(values);
            return;
        }

        if (!(Trainable || IsReplaced))
        {
            TakeOwnMemory(backend);
        }

        PutRows(backend, ids, values);
        IsReplaced = true;
    }

    /// <summary>Takes another tensor of the same shape as its value and hands its own out: nothing is copied.</summary>
    internal Tensor Exchange(Tensor value)
    {
        Debug.Assert(value.Shape == Shape && value.DType == Value.DType, "a value of another shape");
        Tensor own = Value;
        Value = value;
        return own;
    }

    /// <summary>Takes the values of another tensor of this shape, in its own type where they have that, else as float32.</summary>
    internal void Replace(Backend backend, Tensor values)
    {
        DType dtype = values.DType == Value.DType ? Value.DType : DType.F32;
        if (Value.DType != dtype || !(Trainable || IsReplaced || IsAdapter || Rows is not null))
        {
            Tensor own = backend.Allocate(dtype, Shape, MemoryPurpose.Weights);
            backend.SetAside(Value);
            Value.Dispose();
            Value = own;
            StoredDType = dtype;
        }

        backend.Copy(Value, values);
        IsReplaced = true;
    }

    private void TakeOwnMemory(Backend backend)
    {
        Tensor own = backend.Allocate(Value.DType, Shape, MemoryPurpose.Weights);
        backend.Copy(own, Value);
        backend.SetAside(Value);
        Value.Dispose();
        Value = own;
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

        Tensor master = backend.Allocate(DType.F32, Shape, MemoryPurpose.Weights);
        backend.Copy(master, Value);
        backend.SetAside(Value);
        Value.Dispose();
        Value = master;
        Gradient = backend.Allocate(DType.F32, Shape, MemoryPurpose.Gradients);
        backend.Fill(Gradient, 0f);
    }
}
