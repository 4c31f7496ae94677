namespace Smvl.Training;

/// <summary>
/// What is trained (key <c>freeze</c>, named after what is left free); the rest is frozen: it keeps its stored dtype and gets no gradient.
/// </summary>
public enum FreezePolicy
{
    /// <summary>The connector alone.</summary>
    Connector,

    /// <summary>The connector and the vision tower.</summary>
    ConnectorAndVision,

    /// <summary>Everything.</summary>
    Full,
}

internal static class FreezePolicies
{
    public static bool TrainsVision(this FreezePolicy policy) => policy is FreezePolicy.ConnectorAndVision or FreezePolicy.Full;

    public static bool TrainsText(this FreezePolicy policy) => policy is FreezePolicy.Full;
}
