using Smvl.Hubs;

namespace Smvl.Tests.Hubs;

/// <summary>Patterns as Python's fnmatch.fnmatchcase reads them; expected values are its own.</summary>
public sealed class FileGlobTests
{
    [Theory]
    [InlineData("*", "a/b.txt", true)]
    [InlineData("*.txt", "a/b.txt", true)]
    [InlineData("*.txt", "a/b.txtx", false)]
    [InlineData("a/*", "a/b/c", true)]
    [InlineData("a/", "a/b/c", true)]
    [InlineData("a/", "ab/c", false)]
    [InlineData("?.txt", "a.txt", true)]
    [InlineData("?.txt", "ab.txt", false)]
    [InlineData("a?b", "a/b", true)]
    [InlineData("[a-c].txt", "b.txt", true)]
    [InlineData("[a-c].txt", "d.txt", false)]
    [InlineData("[!a-c].txt", "d.txt", true)]
    [InlineData("[!a-c].txt", "a.txt", false)]
    [InlineData("[]]", "]", true)]
    [InlineData("[!]]", "]", false)]
    [InlineData("[!]]", "x", true)]
    [InlineData("[^a]", "^", true)]
    [InlineData("[^a]", "b", false)]
    [InlineData("[", "[", true)]
    [InlineData("[a", "[a", true)]
    [InlineData("[!", "[!", true)]
    [InlineData("[c-a]", "b", false)]
    [InlineData("[!c-a]", "b", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[-a]", "-", true)]
    [InlineData("[\\\\d]", "d", true)]
    [InlineData("[\\\\d]", "5", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("A*", "ab", false)]
    [InlineData("(a|b)", "a", false)]
    [InlineData("图*", "图片", true)]
    [InlineData("a*", "a\n", true)]
    public void MatchesAsFnmatch(string pattern, string path, bool expected) => Assert.Equal(expected, new FileGlob(pattern).Matches(path));
}
