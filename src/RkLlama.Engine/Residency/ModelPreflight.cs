using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>Looks at a model before anything is started or ended for it, and says in the log what it finds.</summary>
internal sealed partial class ModelPreflight(ILogger logger)
{
    /// <summary>Looks at the disk, which may take its time.</summary>
    /// <exception cref="EngineException">Its file cannot be a model.</exception>
    internal void Check(ModelEntry entry)
    {
        if (ModelFileCheck.FindProblem(entry.ModelPath) is { } problem)
        {
            Log.Refused(logger, entry.Name, problem);
            throw new EngineException(problem) { Code = FailureCode.ModelFileInvalid };
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
