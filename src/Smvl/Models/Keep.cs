namespace Smvl.Models;

/// <summary>What a forward pass keeps for a backward pass.</summary>
internal enum Keep
{
    /// <summary>No backward follows: inference, or nothing trainable here or before.</summary>
    Nothing,

    /// <summary>Only each block's input; the backward runs the block's forward again (gradient checkpointing).</summary>
    Inputs,

    /// <summary>All that the backward needs.</summary>
    Everything,
}
