namespace Smvl.Hubs;

/// <summary>A place that models and data sets are published at.</summary>
internal enum HubKind
{
    ModelScope,
    HuggingFace,
}
