namespace Smvl.Images;

/// <summary>The picture that a trained model is asked about when no other is named: two otters, public domain (samples/LICENSES.md).</summary>
internal static class SamplePicture
{
    private const string Name = "Smvl.samples.otters.jpg";

    public static RgbImage Load()
    {
        using Stream stream = typeof(SamplePicture).Assembly.GetManifestResourceStream(Name)!;
        byte[] data = new byte[stream.Length];
        stream.ReadExactly(data);
        return ImageDecoder.Decode(data, Name);
    }
}
