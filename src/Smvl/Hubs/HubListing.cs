namespace Smvl.Hubs;

/// <summary>A repository's files at one revision.</summary>
/// <param name="Repository">whose</param>
/// <param name="Revision">the branch, tag or commit that was asked for</param>
/// <param name="Commit">the commit it stood for, 40 digits; null where the hub has one per file</param>
/// <param name="Files">in the hub's order</param>
internal sealed record HubListing(RepositoryId Repository, string Revision, string? Commit, IReadOnlyList<HubFile> Files);
