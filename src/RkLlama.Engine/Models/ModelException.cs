namespace RkLlama.Engine.Models;

/// <summary>Why a model cannot be looked up.</summary>
internal enum ModelErrorKind
{
    /// <summary>The models directory itself is missing or may not be read.</summary>
    ModelsDirectoryMissing,

    /// <summary>No such model, or a name that is none.</summary>
    DirectoryNotFound,
    ModelfileMissing,

    /// <summary>The Modelfile has a fault; the inner <see cref="ModelfileException"/> says where.</summary>
    ModelfileInvalid,

    /// <summary>The Modelfile may not be read, or reading it failed.</summary>
    ModelfileUnreadable,
    FromMissing,

    /// <summary>A new name that is none, or that another model has.</summary>
    NameRefused,

    /// <summary>The models directory, or what is in it, may not be changed.</summary>
    NotWritable,
}

/// <summary>A failed look-up. What the Python service said too is said in its words; clients show them.</summary>
internal sealed class ModelException : Exception
{
    private ModelException(ModelErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    public ModelErrorKind Kind { get; }

    public static ModelException DirectoryNotFound(string name) =>
        new(ModelErrorKind.DirectoryNotFound, $"Model directory '{name}' not found.");

    public static ModelException ModelfileMissing(string name) =>
        new(ModelErrorKind.ModelfileMissing, $"Modelfile not found in '{name}' directory.");

    public static ModelException FromMissing() =>
        new(ModelErrorKind.FromMissing, "FROM or HUGGINGFACE_PATH not defined in Modelfile.");

    public static ModelException ModelfileInvalid(ModelfileException fault) =>
        new(ModelErrorKind.ModelfileInvalid, fault.Message, fault);

    public static ModelException ModelfileUnreadable(string path, Exception cause) =>
        new(ModelErrorKind.ModelfileUnreadable, $"Modelfile '{path}' cannot be read: {cause.Message}", cause);

    public static ModelException NameNotUsable(string name) =>
        new(ModelErrorKind.NameRefused, $"'{name}' cannot be a model's name: it has to be a plain file name.");

    public static ModelException NameTaken(string name) =>
        new(ModelErrorKind.NameRefused, $"There is a model or a file named '{name}' already.");

    public static ModelException NotWritable(Exception cause) =>
        new(ModelErrorKind.NotWritable, $"The models directory cannot be changed: {cause.Message}", cause);

    public static ModelException ModelsDirectoryMissing(string root, Exception? cause = null) =>
        new(ModelErrorKind.ModelsDirectoryMissing, cause is null ? $"Models directory '{root}' not found." : $"Models directory '{root}' cannot be read: {cause.Message}", cause);
}
