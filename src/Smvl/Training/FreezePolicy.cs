using Smvl.Models;

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
    /// <summary>Whether a parameter is trained.</summary>
    public static bool Trains(this FreezePolicy policy, Parameter parameter) => policy switch
    {
        FreezePolicy.Connector => Is(parameter, "connector."),
        FreezePolicy.ConnectorAndVision => Is(parameter, "connector.") || Is(parameter, "vision."),
        _ => true,
    };

    private static bool Is(Parameter parameter, string prefix) => parameter.Name.StartsWith(prefix, StringComparison.Ordinal);
}
