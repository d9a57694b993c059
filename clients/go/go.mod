module readapi/clients/go

go 1.26

require github.com/supabase-community/postgrest-go v0.0.11
