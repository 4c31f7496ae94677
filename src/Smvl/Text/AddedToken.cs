namespace Smvl.Text;

/// <summary>A token that is matched as a whole in the text, ahead of the byte pairs.</summary>
/// <param name="Id">its id</param>
/// <param name="Content">the text it matches</param>
/// <param name="Special">whether decoding may leave it out, and a user's text may not hold it</param>
/// <param name="Normalized">whether it is looked for in the normalised text; otherwise in the text as given</param>
public sealed record AddedToken(int Id, string Content, bool Special, bool Normalized = false);
