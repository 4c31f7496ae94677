using Smvl.Cli;

return await CommandLineProgram.Run(args, Console.Out, Console.Error);
