namespace Smvl.Tracking.SwanLab;

/// <summary>A line of the console.</summary>
/// <param name="Text">without its end</param>
/// <param name="IsError">shown as an error</param>
/// <param name="Epoch">lines so far, this one included</param>
/// <param name="Time">when it was shown</param>
internal sealed record SwanLabLine(string Text, bool IsError, long Epoch, DateTimeOffset Time);
