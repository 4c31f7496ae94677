using System.Text;
using System.Text.Json;
using Smvl.Formats;

namespace Smvl.Tests.Formats;

/// <summary>What the scanner takes equals what System.Text.Json reads, and what is no JSON it does not take.</summary>
public sealed class JsonScannerTests
{
    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"plain\"")]
    [InlineData(" \n\r\t\"behind white space\"")]
    [InlineData("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")]
    [InlineData("\"\\u4e2d\\ud83d\\ude00中😀\"")]
    [InlineData("\"ends in a backslash\\\\\"")]
    public void StringsAreUnescaped(string json)
    {
        var scanner = new JsonScanner(Encoding.UTF8.GetBytes(json));
        Assert.True(scanner.TakeString(out ReadOnlySpan<byte> text));
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(document.RootElement.GetString(), Encoding.UTF8.GetString(text));
        Assert.True(scanner.AtEnd);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"")]
    [InlineData("\"open")]
    [InlineData("\"open\\\"")]
    [InlineData("\"a\nb\"")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\ud800\"")]
    [InlineData("'a'")]
    [InlineData("7")]
    public void WhatIsNoStringIsNotTaken(string json) =>
        Assert.False(new JsonScanner(Encoding.UTF8.GetBytes(json)).TakeString(out _));

    [Theory]
    [InlineData("0", 0)]
    [InlineData(" 151642", 151642)]
    [InlineData("2147483647", int.MaxValue)]
    public void NumbersAreTaken(string json, int expected)
    {
        var scanner = new JsonScanner(Encoding.UTF8.GetBytes(json));
        Assert.True(scanner.TakeNumber(out int number) && scanner.AtEnd);
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("-1")]
    [InlineData("2147483648")]
    [InlineData("99999999999999999999999")]
    [InlineData("\"1\"")]
    public void WhatIsNoWholeNumberIsNotTaken(string json)
    {
        var scanner = new JsonScanner(Encoding.UTF8.GetBytes(json));
        Assert.False(scanner.TakeNumber(out _));
        Assert.Equal(0, scanner.Position);
    }

    [Fact]
    public void AFractionIsNotTheEndOfANumber()
    {
        var scanner = new JsonScanner("1.5,"u8);
        Assert.True(scanner.TakeNumber(out _));
        Assert.False(scanner.Take(','));
    }

    [Fact]
    public void SymbolsAreTakenBehindWhiteSpace()
    {
        var scanner = new JsonScanner(" { : , }\n"u8);
        Assert.False(scanner.Take('['));
        Assert.True(scanner.Take('{') && scanner.Take(':') && scanner.Take(',') && scanner.Take('}'));
        Assert.True(scanner.AtEnd);
        Assert.False(scanner.Take('}'));
    }
}
