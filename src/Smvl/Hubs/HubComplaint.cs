namespace Smvl.Hubs;

/// <summary>What a hub says is wrong with a request.</summary>
internal enum HubComplaint
{
    Other,
    NoRepository,
    NoRevision,
    NoFile,

    /// <summary>The owner asks for consent to conditions.</summary>
    Gated,

    NotAllowed,
}
