namespace Smvl.Hubs;

/// <summary>What a repository holds; hubs keep the two apart, with names of their own.</summary>
internal enum RepositoryKind
{
    Model,
    Dataset,
}
