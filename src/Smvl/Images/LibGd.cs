using System.Runtime.InteropServices;

namespace Smvl.Images;

/// <summary>
/// The door to the system's libgd (2.1 or later, where the strict JPEG call appeared): found by name at the first use, called
/// through function pointers, its messages caught per thread instead of printed. Source: gd.h and gd_errors.h of libgd 2.3.
/// </summary>
internal static unsafe class LibGd
{
    private static readonly string[] Names = ["libgd.so.3", "libgd.so", "libgd.3.dylib", "libgd.dylib"];

    private static readonly Lazy<nint> Library = new(Load);

    [ThreadStatic]
    private static string? lastMessage;

    /// <summary>Decodes to a gd picture, or null.</summary>
    /// <param name="format">which decoder to call</param>
    /// <param name="data">the whole file</param>
    /// <param name="message">the first complaint of libgd, libjpeg or libpng; a JPEG may be decoded in spite of one</param>
    /// <returns>to be given back to <see cref="Destroy"/></returns>
    public static GdImage* Decode(ImageFormat format, ReadOnlySpan<byte> data, out string? message)
    {
        lastMessage = null;
        GdImage* image;
        fixed (byte* bytes = data)
        {
            // without its last argument libgd keeps libjpeg's warnings to itself
            image = format == ImageFormat.Jpeg
                ? ((delegate* unmanaged<int, byte*, int, GdImage*>)Function("gdImageCreateFromJpegPtrEx"))(data.Length, bytes, 0)
                : ((delegate* unmanaged<int, byte*, GdImage*>)Function($"gdImageCreateFrom{Spelling(format)}Ptr"))(data.Length, bytes);
        }

        message = lastMessage;
        return image;
    }

    /// <summary>The picture as a baseline JPEG file, its color at half resolution below a quality of 90, as libjpeg does by itself.</summary>
    /// <param name="picture">(height, width, 3)</param>
    /// <param name="quality">1 to 100</param>
    /// <exception cref="SmvlException">this libgd cannot</exception>
    public static byte[] EncodeJpeg(RgbImage picture, int quality)
    {
        lastMessage = null;
        GdImage* image = Create(picture);
        int length;
        byte* file = ((delegate* unmanaged<GdImage*, int*, int, byte*>)Function("gdImageJpegPtr"))(image, &length, quality);
        return TakeFile(image, file, length, ImageFormat.Jpeg);
    }

    /// <summary>The picture as a PNG file, every pixel as it is.</summary>
    /// <param name="picture">(height, width, 3)</param>
    /// <exception cref="SmvlException">this libgd cannot</exception>
    public static byte[] EncodePng(RgbImage picture)
    {
        lastMessage = null;
        GdImage* image = Create(picture);
        int length;
        byte* file = ((delegate* unmanaged<GdImage*, int*, byte*>)Function("gdImagePngPtr"))(image, &length);
        return TakeFile(image, file, length, ImageFormat.Png);
    }

    /// <summary>The picture as a PNG file with a palette, each pixel the nearest of its colors.</summary>
    /// <param name="picture">(height, width, 3)</param>
    /// <param name="colors">at most so many, 1 to 256</param>
    /// <exception cref="SmvlException">this libgd cannot</exception>
    public static byte[] EncodePalettePng(RgbImage picture, int colors)
    {
        const int highestCompression = 9;
        lastMessage = null;
        GdImage* image = Create(picture);
        if (((delegate* unmanaged<GdImage*, int, int, int>)Function("gdImageTrueColorToPalette"))(image, 0, colors) == 0)
        {
            Destroy(image);
            throw CannotWrite(ImageFormat.Png);
        }

        int length;
        byte* file = ((delegate* unmanaged<GdImage*, int*, int, byte*>)Function("gdImagePngPtrEx"))(image, &length, highestCompression);
        return TakeFile(image, file, length, ImageFormat.Png);
    }

    private static GdImage* Create(RgbImage picture)
    {
        ReadOnlySpan<byte> pixels = picture.Pixels;
        GdImage* image = ((delegate* unmanaged<int, int, GdImage*>)Function("gdImageCreateTrueColor"))(picture.Width, picture.Height);
        for (int y = 0, at = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++, at += RgbImage.Channels)
            {
                image->TrueColorRows[y][x] = (uint)((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
            }
        }

        GC.KeepAlive(picture);
        return image;
    }

    /// <summary>Copies what libgd wrote and gives its memory back.</summary>
    private static byte[] TakeFile(GdImage* image, byte* file, int length, ImageFormat format)
    {
        Destroy(image);
        if (file == null)
        {
            throw CannotWrite(format);
        }

        byte[] result = new ReadOnlySpan<byte>(file, length).ToArray();
        ((delegate* unmanaged<void*, void>)Function("gdFree"))(file);
        return result;
    }

    private static SmvlException CannotWrite(ImageFormat format) =>
        new($"this libgd cannot write a {(format == ImageFormat.Png ? "PNG" : "JPEG")} file", actual: lastMessage ?? "no reason given");

    public static void Destroy(GdImage* image) => ((delegate* unmanaged<GdImage*, void>)Function("gdImageDestroy"))(image);

    private static string Spelling(ImageFormat format) => format switch
    {
        ImageFormat.Png => "Png",
        ImageFormat.WebP => "Webp",
        ImageFormat.Gif => "Gif",
        _ => "Bmp",
    };

    private static nint Function(string name) => Function(Library.Value, name);

    private static nint Function(nint library, string name) => NativeLibrary.TryGetExport(library, name, out nint function)
        ? function
        : throw new SmvlException($"this libgd lacks {name}", hint: "install libgd 2.1 or later with support for this format");

    private static nint Load()
    {
        nint library = 0;
        if (!Array.Exists(Names, name => NativeLibrary.TryLoad(name, typeof(LibGd).Assembly, null, out library)))
        {
            throw new SmvlException(
                "libgd is missing, which decodes pictures", hint: "install it: apt-get install libgd3, or brew install gd");
        }

        ((delegate* unmanaged<delegate* unmanaged<int, byte*, nint, void>, void>)Function(library, "gdSetErrorMethod"))(&KeepMessage);
        CheckLayout(library);
        return library;
    }

    /// <summary>Writes pixels through libgd's functions and reads them through <see cref="GdImage"/>, which must agree.</summary>
    private static void CheckLayout(nint library)
    {
        var create = (delegate* unmanaged<int, int, GdImage*>)Function(library, "gdImageCreate");
        var createTrueColor = (delegate* unmanaged<int, int, GdImage*>)Function(library, "gdImageCreateTrueColor");
        var allocate = (delegate* unmanaged<GdImage*, int, int, int, int>)Function(library, "gdImageColorAllocate");
        var setPixel = (delegate* unmanaged<GdImage*, int, int, int, void>)Function(library, "gdImageSetPixel");
        var destroy = (delegate* unmanaged<GdImage*, void>)Function(library, "gdImageDestroy");

        GdImage* full = createTrueColor(3, 2);
        setPixel(full, 2, 1, 0x123456);
        bool agrees = full->Width == 3 && full->Height == 2 && full->IsTrueColor != 0 && full->TrueColorRows[1][2] == 0x123456;
        destroy(full);

        GdImage* indexed = create(3, 2);
        _ = allocate(indexed, 1, 2, 3);
        int index = allocate(indexed, 0x12, 0x34, 0x56);
        setPixel(indexed, 2, 1, index);
        agrees &= indexed->Width == 3 && indexed->Height == 2 && indexed->IsTrueColor == 0 && indexed->Rows[1][2] == index
            && indexed->Red[index] == 0x12 && indexed->Green[index] == 0x34 && indexed->Blue[index] == 0x56;
        destroy(indexed);
        if (!agrees)
        {
            throw new SmvlException("this libgd lays its pictures out in an unknown way", expected: "the layout of libgd 2.1 to 2.3", hint: "install libgd 2.3");
        }
    }

    /// <summary>
    /// libgd's error callback. The va_list arrives as one pointer-sized word under every ABI .NET runs on, and is handed to the
    /// C library as it came; without vsnprintf the bare format has to do.
    /// </summary>
    [UnmanagedCallersOnly]
    private static void KeepMessage(int priority, byte* format, nint arguments)
    {
        if (lastMessage is not null)
        {
            return;
        }

        const int capacity = 256;
        byte* text = stackalloc byte[capacity];
        bool formatted = VsnPrintf.Value != 0
            && ((delegate* unmanaged<byte*, nuint, byte*, nint, int>)VsnPrintf.Value)(text, capacity, format, arguments) >= 0;
        lastMessage = Marshal.PtrToStringUTF8((nint)(formatted ? text : format))?.Trim();
    }

    private static readonly Lazy<nint> VsnPrintf =
        new(() => NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "vsnprintf", out nint function) ? function : 0);
}

/// <summary>
/// The head of gd.h's gdImageStruct, up to the fields its public macros read (gdImageSX, gdImageRed, gdImageTrueColor,
/// gdImagePalettePixel, gdImageTrueColorPixel), which therefore stay where they are. <see cref="LibGd"/> checks it once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GdImage
{
    private const int MaxColors = 256;

    /// <summary>Palette pictures: (height, width) indices.</summary>
    public byte** Rows;
    public int Width;
    public int Height;
    public int ColorsTotal;
    public fixed int Red[MaxColors];
    public fixed int Green[MaxColors];
    public fixed int Blue[MaxColors];
    private fixed int open[MaxColors];
    private readonly int transparent;
    private readonly int* polyInts;
    private readonly int polyAllocated;
    private readonly GdImage* brush;
    private readonly GdImage* tile;
    private fixed int brushColorMap[MaxColors];
    private fixed int tileColorMap[MaxColors];
    private readonly int styleLength;
    private readonly int stylePosition;
    private readonly int* style;
    private readonly int interlace;
    private readonly int thickness;
    private fixed int alpha[MaxColors];
    public int IsTrueColor;

    /// <summary>True-color pictures: (height, width) of alpha (7 bits), red, green, blue from the highest byte down.</summary>
    public uint** TrueColorRows;
}
