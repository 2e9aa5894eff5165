using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Checks a model before its load starts, and logs the problems. If the check fails, the load is refused, and the resident model stays loaded.
/// </summary>
internal sealed partial class ModelPreflight(ILogger logger)
{
    /// <summary>Checks the model file and logs the warnings of the Modelfile. Reads the disk.</summary>
    /// <exception cref="ModelFileException">The model file is missing, cannot be read, or is not a model.</exception>
    internal void Check(ModelEntry entry)
    {
        if (ModelFileCheck.FindProblem(entry.ModelPath) is { } problem)
        {
            Log.Refused(logger, entry.Name, problem);
            throw new ModelFileException(problem);
        }

        foreach (string warning in entry.Modelfile.Warnings)
            Log.ModelfileWarning(logger, warning);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "{Text}")]
        internal static partial void ModelfileWarning(ILogger logger, string text);

        [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "Model {Model} is not loaded: {Reason}")]
        internal static partial void Refused(ILogger logger, string model, string reason);
    }
}
