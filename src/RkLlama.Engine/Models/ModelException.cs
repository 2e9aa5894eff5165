using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models;

/// <summary>The reason why a model cannot be found or changed.</summary>
internal enum ModelErrorKind
{
    /// <summary>The models directory cannot be read.</summary>
    ModelsDirectoryUnreadable,

    /// <summary>There is no such model, or the name is invalid.</summary>
    DirectoryNotFound,

    /// <summary>The model's directory has no Modelfile, and the request names no .rkllm file instead.</summary>
    ModelfileMissing,

    /// <summary>The Modelfile has an error. The inner <see cref="ModelfileException"/> has line and column.</summary>
    ModelfileInvalid,

    /// <summary>The Modelfile cannot be read.</summary>
    ModelfileUnreadable,

    /// <summary>The Modelfile has no FROM.</summary>
    FromMissing,

    /// <summary>The name for a copy of a model is invalid or in use.</summary>
    NameRefused,

    /// <summary>The model cannot be copied, renamed or shared as it is: its .rkllm file is missing, or FROM cannot be changed, or names a file elsewhere.</summary>
    NotCopyable,

    /// <summary>A copy, a rename or a deletion failed, because the models directory or its content cannot be changed.</summary>
    NotWritable,

    /// <summary>A copy failed, because the disk is full.</summary>
    NoSpace,
}

/// <summary>
/// A model cannot be found, copied, renamed or deleted. Clients show the message. RkLlama replaces a Python service: for errors that this service also has, the
/// message is the same.
/// </summary>
internal sealed class ModelException : Exception, IHasFailureCode
{
    private ModelException(ModelErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    public ModelErrorKind Kind { get; }

    /// <inheritdoc/>
    public FailureCode? Code => Kind is ModelErrorKind.ModelsDirectoryUnreadable or ModelErrorKind.DirectoryNotFound ? FailureCode.ModelNotFound : FailureCode.ModelfileInvalid;

    public static ModelException DirectoryNotFound(string name) =>
        new(ModelErrorKind.DirectoryNotFound, $"Model directory '{Excerpt.Of(name)}' not found.");

    public static ModelException ModelfileMissing(string name) =>
        new(ModelErrorKind.ModelfileMissing, $"Modelfile not found in '{Excerpt.Of(name)}' directory.");

    public static ModelException FromMissing() =>
        new(ModelErrorKind.FromMissing, "FROM or HUGGINGFACE_PATH not defined in Modelfile.");

    public static ModelException FromNotModel(string problem) => new(ModelErrorKind.ModelfileInvalid, problem);

    public static ModelException PathOutside(string key, string path) =>
        new(ModelErrorKind.ModelfileInvalid, $"{key} is '{Excerpt.Of(path)}'; a client may only name files in the models directory.");

    public static ModelException ModelfileInvalid(ModelfileException fault) =>
        new(ModelErrorKind.ModelfileInvalid, fault.Message, fault);

    public static ModelException ModelfileUnreadable(string path, Exception cause) =>
        new(ModelErrorKind.ModelfileUnreadable, $"Modelfile '{path}' cannot be read: {cause.Message}", cause);

    public static ModelException NameInvalid(string name) =>
        new(ModelErrorKind.NameRefused, $"'{Excerpt.Of(name)}' cannot be a model's name: it has to be a plain file name without blanks and quotes.");

    public static ModelException NameTaken(string name) =>
        new(ModelErrorKind.NameRefused, $"There is a model or a file named '{Excerpt.Of(name)}' already.");

    public static ModelException SourceDiffers(string name, string path) =>
        new(ModelErrorKind.NameRefused, $"'{Excerpt.Of(name)}' was made from another version of {Excerpt.Of(path)}: delete it first with 'rkllama rm {Excerpt.Of(name)}', or give the new model another name.");

    public static ModelException OtherSource(string name, string recorded, string requested) =>
        new(ModelErrorKind.NameRefused, $"'{Excerpt.Of(name)}' is here already from {Excerpt.Of(recorded)}, and not from {Excerpt.Of(requested)}: "
            + $"give the new model another name with 'rkllama pull {Excerpt.Of(requested)} NAME', or delete the old one first with 'rkllama rm {Excerpt.Of(name)}'.");

    public static ModelException ValueInvalid(string key, string value, string allowed) =>
        new(ModelErrorKind.ModelfileInvalid, $"{key} is '{Excerpt.Of(value)}'; it must be {allowed}.");

    public static ModelException ModelfileTooLarge(int bytes, int limit) =>
        new(ModelErrorKind.ModelfileInvalid, $"The Modelfile of the new model would have {bytes} bytes; it may have {limit}.");

    public static ModelException NotWritable(Exception cause) =>
        new(ModelErrorKind.NotWritable, $"The models directory cannot be changed: {cause.Message}", cause);

    public static ModelException SourceUnreadable(string path, Exception cause) =>
        new(ModelErrorKind.NotWritable, $"The model cannot be copied: '{path}' cannot be read: {cause.Message}", cause);

    public static ModelException NoSpace(Exception cause) =>
        new(ModelErrorKind.NoSpace, $"The disk of the models directory has not enough free space: {cause.Message}", cause);

    public static ModelException ModelFileMissing(string path) =>
        new(ModelErrorKind.NotCopyable, $"The model file '{path}' does not exist or is not a regular file.");

    public static ModelException FromNotRewritable(string path) =>
        new(ModelErrorKind.NotCopyable, $"FROM in '{path}' names a file outside of the model's directory and cannot be changed; write it in one line, as FROM=\"file\".");

    public static ModelException NotShareable(string name) =>
        new(ModelErrorKind.NotCopyable, $"FROM in the Modelfile of '{Excerpt.Of(name)}' is an absolute path or names a file outside of the model's directory, so other nodes cannot download the model. "
            + $"'rkllama cp {Excerpt.Of(name)} NAME' makes a copy that they can download.");

    public static ModelException ModelsDirectoryUnreadable(string root, Exception cause) =>
        new(ModelErrorKind.ModelsDirectoryUnreadable, $"Models directory '{root}' cannot be read: {cause.Message}", cause);
}
