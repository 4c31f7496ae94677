// Asks a model about a picture and writes the answer as it comes:
// dotnet run -c Release --project samples/console -- MODEL PICTURE QUESTION [MMPROJ]
using Smvl;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;

if (args.Length is not (3 or 4))
{
    Console.Error.WriteLine("MODEL PICTURE QUESTION [MMPROJ]: a folder, or two GGUF files");
    return 2;
}

try
{
    using ChatModel model = ChatModel.Open(args[0], args.ElementAtOrDefault(3));
    using RgbImage picture = ImageDecoder.DecodeFile(args[1]);
    using Conversation conversation = model.Converse();
    await foreach (string piece in conversation.AskAsync(args[2], [picture]))
    {
        Console.Write(piece);
    }

    Console.WriteLine();
    return 0;
}
catch (SmvlException e)   // what a user can mend, in one line
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
