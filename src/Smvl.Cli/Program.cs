using Smvl;

try
{
    return 0;
}
catch (SmvlException e)
{
    Console.Error.WriteLine($"smvl: {e.Message}");
    return 1;
}
