using System.Text.Json;
using Smvl.Text;

namespace Smvl.Tests.Text;

/// <summary>Expected texts are Python 3's <c>json.dumps(json.loads(text), ensure_ascii=False)</c>.</summary>
public sealed class PythonJsonTests
{
    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("[]", "[]")]
    [InlineData("""{"b":1,"a":[true,false,null],"城市":{"x":"北京 😀"}}""", """{"b": 1, "a": [true, false, null], "城市": {"x": "北京 😀"}}""")]
    [InlineData("""{"a":1,"b":2,"a":3}""", """{"a": 3, "b": 2}""")]
    [InlineData("""["\u4e2d\/<>&'\"\\\n\r\t\b\f\u0001\u007f"]""", "[\"中/<>&'\\\"\\\\\\n\\r\\t\\b\\f\\u0001\u007f\"]")]
    [InlineData("[0,-0,7,-12,123456789012345678901234567890]", "[0, 0, 7, -12, 123456789012345678901234567890]")]
    [InlineData("[0.0,-0.0,1.0,1.50,-2.5,0.1]", "[0.0, -0.0, 1.0, 1.5, -2.5, 0.1]")]
    [InlineData("[1e5,1E15,1e16,1.5e16,123456789012345680.0]", "[100000.0, 1000000000000000.0, 1e+16, 1.5e+16, 1.2345678901234568e+17]")]
    [InlineData("[0.0001,0.00001,1.5e-5,0.00012345]", "[0.0001, 1e-05, 1.5e-05, 0.00012345]")]
    [InlineData("[1e22,1e23,1e300,5e-324,12345678.9,1e999,-1e999]", "[1e+22, 1e+23, 1e+300, 5e-324, 12345678.9, Infinity, -Infinity]")]
    public void JsonIsWrittenAsPythonWritesIt(string json, string expected)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(expected, PythonJson.Write(document.RootElement));
    }
}
