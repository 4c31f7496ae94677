using System.Net;
using System.Text;
using System.Xml;

namespace Smvl.Cli.Demo;

/// <summary>Text inside HTML, in element content and in quoted attributes.</summary>
internal static class HtmlText
{
    private const char Replacement = '\uFFFD';

    /// <summary>Escaped; characters that no document may hold, which a model can write, as U+FFFD.</summary>
    public static string Escape(string text)
    {
        var allowed = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                allowed.Append(text, i++, 2);
            }
            else
            {
                allowed.Append(XmlConvert.IsXmlChar(text[i]) && !(char.IsControl(text[i]) && text[i] is not ('\n' or '\t')) ? text[i] : Replacement);
            }
        }

        return WebUtility.HtmlEncode(allowed.ToString());
    }
}
