// Asks a model about a picture and writes the answer as it comes:
// dotnet run -c Release --project samples/console -- MODEL_FOLDER PICTURE QUESTION
using Smvl;
using Smvl.Images;
using Smvl.Inference;
using Smvl.Models;
using Smvl.Tensors.Cpu;
using Smvl.Text;

if (args is not [string folder, string picture, string question])
{
    Console.Error.WriteLine("MODEL_FOLDER PICTURE QUESTION");
    return 2;
}

using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;   // the program ends by itself
    stop.Cancel();
};
try
{
    using CpuBackend backend = new();                              // on all cores
    using ModelFolder model = ModelFolder.Open(folder, backend);   // maps the weights, reads the tokenizer
    ChatSession session = new(model);
    Prompt prompt = session.Prepare(
        [new ChatMessage("user", ContentPart.Image, new ContentPart(question))], [ImageDecoder.DecodeFile(picture)], thinking: false);
    session.Answer(prompt, ChatSession.Defaults(model.Generation), maxNewTokens: 256, onText: Console.Write, cancellation: stop.Token);
    Console.WriteLine();
    return 0;
}
catch (SmvlException e)   // what a user can mend, in one line
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
