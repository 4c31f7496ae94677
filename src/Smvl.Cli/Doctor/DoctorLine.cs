namespace Smvl.Cli.Doctor;

/// <summary>How a check ended.</summary>
internal enum DoctorVerdict
{
    /// <summary>As it has to be.</summary>
    Ok,

    /// <summary>Worth knowing, nothing to mend; or not checked, and why.</summary>
    Note,

    /// <summary>To be mended.</summary>
    Bad,
}

/// <summary>What a check found.</summary>
/// <param name="Check">its name</param>
/// <param name="Verdict">how it ended</param>
/// <param name="Found">what was seen, with figures</param>
/// <param name="Fix">what to do; null where nothing is</param>
internal sealed record DoctorLine(string Check, DoctorVerdict Verdict, string Found, string? Fix = null)
{
    public static DoctorLine Ok(string check, string found) => new(check, DoctorVerdict.Ok, found);

    public static DoctorLine Note(string check, string found, string? fix = null) => new(check, DoctorVerdict.Note, found, fix);

    public static DoctorLine Bad(string check, string found, string fix) => new(check, DoctorVerdict.Bad, found, fix);
}
