using System.Text;
using Smvl.Text;

namespace Smvl.Tests.Text;

public sealed class VocabularyTests
{
    [Theory]
    [InlineData(0)]      // grows from nothing
    [InlineData(5000)]
    public void FindsWhatADictionaryFinds(int expected)
    {
        var random = new Random(1);
        var dictionary = new Dictionary<string, int>();
        var vocabulary = new Vocabulary("test", expected, expected);
        for (int id = 0; dictionary.Count < 5000; id++)
        {
            string token = new([.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => "abĠ中Ŀ"[random.Next(5)])]);
            Assert.Equal(dictionary.TryAdd(token, id), vocabulary.TryAdd(token, id));
        }

        Assert.Equal(dictionary.Count, vocabulary.Count);
        Assert.Equal(dictionary.Values.Max() + 1, vocabulary.Size);
        Assert.All(dictionary, token =>
        {
            Assert.True(vocabulary.TryFind(token.Key, out int id));
            Assert.Equal(token.Value, id);
            Assert.Equal(token.Key, Encoding.UTF8.GetString(vocabulary.Spelling(id)));
        });
        Assert.False(vocabulary.TryFind("none", out _));
        Assert.Empty(vocabulary.Spelling(vocabulary.Size).ToArray());
        Assert.Empty(vocabulary.Spelling(-1).ToArray());
    }

    [Fact]
    public void AnIdBetweenTokensHasNone()
    {
        var vocabulary = new Vocabulary("test", 2, 2);
        Assert.True(vocabulary.TryAdd("a", 0) && vocabulary.TryAdd("b", 9));
        Assert.Empty(vocabulary.Spelling(5).ToArray());
        Assert.Equal((2, 10), (vocabulary.Count, vocabulary.Size));
    }
}
