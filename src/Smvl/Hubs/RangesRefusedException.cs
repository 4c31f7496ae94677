namespace Smvl.Hubs;

/// <summary>A server that was asked for a range answered with something else: the file can only be fetched whole.</summary>
internal sealed class RangesRefusedException() : Exception("the server does not send ranges");
