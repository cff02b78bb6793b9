# Refusals in words.

"What went wrong, and in `remedy` what to do about it, in words."
struct KronkersError <: Exception
    message::String
    remedy::String
end
Base.showerror(io::IO, error::KronkersError) = print(io, strip(error.message * " " * error.remedy))

reject(message, remedy = "") = throw(KronkersError(message, remedy))
words(@nospecialize error) = first(Base.invokelatest(sprint, showerror, error), 1_000)
