namespace RkLlama.Engine.Scheduling;

/// <summary>The downloads of models, as the preload and the readiness see them. Thread-safe.</summary>
internal interface IModelDownloads
{
    /// <summary>Returns the name that a model has on the node when it is there. A name that no hub can have is returned as it is.</summary>
    /// <param name="requested">A name of a model on the node, a short name, or a name on a hub.</param>
    string LocalNameOf(string requested);

    /// <summary>Returns the active download of a missing model; <see langword="null"/> if there is none.</summary>
    /// <inheritdoc cref="LocalNameOf" path="/param"/>
    ModelDownload? FindDownload(string requested);
}

/// <summary>A download of a model.</summary>
/// <param name="IsActive">Whether it runs or is about to run; <see langword="false"/> while a failed one waits for its next attempt, and after it was stopped.</param>
/// <param name="Description">The rest of a sentence whose subject is the model, with a period.</param>
internal sealed record ModelDownload(bool IsActive, string Description);
