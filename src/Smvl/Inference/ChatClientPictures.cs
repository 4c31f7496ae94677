using System.IO.Hashing;
using Smvl.Images;

namespace Smvl.Inference;

/// <summary>The decoded pictures of the last call, by what their files hold: a conversation that goes on hands them over again.</summary>
internal sealed class ChatClientPictures : IDisposable
{
    private Dictionary<UInt128, RgbImage> last = [];

    /// <summary>Decodes those that the last call did not have, and lets go of those that this one has not.</summary>
    /// <param name="files">each with what errors call it</param>
    /// <exception cref="SmvlException">one cannot be decoded; then those of the last call stay</exception>
    public IReadOnlyList<RgbImage> Decode(IReadOnlyList<(ReadOnlyMemory<byte> File, string Name)> files)
    {
        var now = new Dictionary<UInt128, RgbImage>();
        var pictures = new List<RgbImage>();
        try
        {
            foreach ((ReadOnlyMemory<byte> file, string name) in files)
            {
                UInt128 key = XxHash128.HashToUInt128(file.Span);
                if (!now.TryGetValue(key, out RgbImage? picture))
                {
                    picture = last.TryGetValue(key, out RgbImage? known) ? known : ImageDecoder.Decode(file.Span, name);
                    now.Add(key, picture);
                }

                pictures.Add(picture);
            }
        }
        catch
        {
            DisposeBut(now, last);
            throw;
        }

        DisposeBut(last, now);
        last = now;
        return pictures;
    }

    public void Dispose() => DisposeBut(last, []);

    private static void DisposeBut(Dictionary<UInt128, RgbImage> gone, Dictionary<UInt128, RgbImage> stay)
    {
        foreach ((UInt128 key, RgbImage picture) in gone)
        {
            if (!stay.ContainsKey(key))
            {
                picture.Dispose();
            }
        }
    }
}
