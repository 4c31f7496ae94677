namespace Smvl.Tracking.SwanLab;

/// <summary>One number.</summary>
/// <param name="Column">of this key</param>
/// <param name="Step">optimizer steps done</param>
/// <param name="Epoch">values of the key so far, this one included</param>
/// <param name="Value">finite</param>
/// <param name="Time">when it was logged</param>
internal sealed record SwanLabScalar(SwanLabColumn Column, long Step, int Epoch, double Value, DateTimeOffset Time);
