namespace RkLlama.Engine.Diagnostics;

/// <summary>Finds the check of <c>rkllama doctor</c> that explains a failed load.</summary>
internal static class LoadFailure
{
    /// <summary>
    /// Returns the command that the operator should run, followed by the name of the check if the cause is known: <c>rkllama doctor (model-file)</c>.
    /// </summary>
    internal static string Hint(Exception failure) => failure is IHasFailureCode { Code: { } code } ? $"rkllama doctor ({CheckOf(code)})" : "rkllama doctor";

    /// <summary>Returns the check for a cause: one of <see cref="CheckIds"/>.</summary>
    internal static string CheckOf(FailureCode code) => code switch
    {
        FailureCode.ModelNotFound => CheckIds.ModelsDirectory,
        FailureCode.ModelfileInvalid or FailureCode.ContextLength => CheckIds.Modelfile,
        FailureCode.ModelFileInvalid => CheckIds.ModelFile,
        FailureCode.TemplateInvalid => CheckIds.Template,
        FailureCode.WrongPlatform => CheckIds.Platform,
        FailureCode.TooManyOpenFiles => CheckIds.Limits,
        FailureCode.NpuDevice => CheckIds.NpuDevice,
        FailureCode.NpuDriver => CheckIds.NpuDriver,
        FailureCode.OutOfMemory or FailureCode.Killed => CheckIds.ModelMemory,
        FailureCode.LibraryNotFound => CheckIds.Library,
        FailureCode.LibraryNotLoadable => CheckIds.LibraryFile,
        FailureCode.LibraryDependencyMissing => CheckIds.LibraryNeeds,
        FailureCode.IllegalInstruction or FailureCode.LibraryNotIdentified or FailureCode.LibraryVersionMismatch => CheckIds.LibraryVersion,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, null),
    };
}
